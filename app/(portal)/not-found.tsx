import { ButtonLink } from "../_ui/button.tsx";
import { InShell } from "../_ui/in-shell.tsx";

export default function NotFound() {
  return (
    <InShell title="Nothing here">
      <p>This does not exist or was removed. If somebody sent you the link, ask them where it should lead.</p>
      <ButtonLink href="/portal" look="primary">
        Back to the overview
      </ButtonLink>
    </InShell>
  );
}
