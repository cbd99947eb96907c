import { overError } from "./_server/visit.ts";
import { standing } from "./_server/session.ts";
import { Button } from "./_ui/button.tsx";
import { FullPage } from "./_ui/full-page.tsx";

/** A visit that is over, or that never was this browser's: nobody is served as anybody until this is read. */
export default async function Unauthorized() {
  const { over } = await standing();
  return (
    <FullPage title={over?.code === "E_IMPERSONATION_BINDING" ? "This visit was ended" : "The visit is over"}>
      <p>
        {over === null
          ? "The visit is over, and what you just asked for was not done. You are yourself again."
          : overError(over).message}
      </p>
      {over !== null && <p className="font-mono text-xs">{over.code}</p>}
      <form method="post" action="/api/visit/end">
        <Button type="submit" look="primary">
          Go on as yourself
        </Button>
      </form>
    </FullPage>
  );
}
