import { ButtonLink } from "../_ui/button.tsx";
import { InShell } from "../_ui/in-shell.tsx";

export default function Forbidden() {
  return (
    <InShell title="Your role does not allow this">
      <p>Roles come from your groups at the identity provider. Ask for another group, then sign out and in again.</p>
      <ButtonLink href="/" look="primary">
        Back to what is wrong now
      </ButtonLink>
    </InShell>
  );
}
