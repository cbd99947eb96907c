import { ButtonLink } from "../_ui/button.tsx";
import { InShell } from "../_ui/in-shell.tsx";

export default function NotFound() {
  return (
    <InShell title="Nothing here">
      <p>
        This does not exist, was removed, or belongs to a tenant other than the one you look at. If somebody sent you
        the link, choose the tenant they were looking at.
      </p>
      <ButtonLink href="/" look="primary">
        What is wrong now
      </ButtonLink>
    </InShell>
  );
}
