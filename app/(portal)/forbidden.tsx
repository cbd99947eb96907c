import { ButtonLink } from "../_ui/button.tsx";
import { InShell } from "../_ui/in-shell.tsx";

export default function Forbidden() {
  return (
    <InShell title="This is not yours to do">
      <p>
        Your organisation decides in its own directory who may see and change what. A visit by our staff never does what
        only you may do.
      </p>
      <ButtonLink href="/portal" look="primary">
        Back to the overview
      </ButtonLink>
    </InShell>
  );
}
