import { ButtonLink } from "./_ui/button.tsx";
import { FullPage } from "./_ui/full-page.tsx";

export default function NotFound() {
  return (
    <FullPage title="Nothing here">
      <p>
        This page does not exist, was removed, or belongs to a tenant you cannot see. If somebody sent you the link,
        check which tenant they were looking at.
      </p>
      <ButtonLink href="/" look="primary">
        What is wrong now
      </ButtonLink>
    </FullPage>
  );
}
