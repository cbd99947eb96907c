import { Moment } from "../../../_ui/moment.tsx";

interface Seal {
  seq: number;
  checkpointed: number;
  lastCheckpointAt: number | null;
}

/** How far the chain goes, and how much of it a signature outside the database stands for. */
export function SealLine({ seal }: { seal: Seal }) {
  const waiting = seal.seq - seal.checkpointed;
  return (
    <p className="min-w-0 flex-1 basis-64 text-sm text-ink-2">
      Sealed to <span className="tabular text-ink">#{seal.seq}</span>,{" "}
      {seal.lastCheckpointAt === null ? (
        "no checkpoint yet: the worker makes one each minute."
      ) : (
        <>
          last checkpoint <Moment at={seal.lastCheckpointAt} />
          {waiting === 0 ? " covers all of it." : ` covers #${seal.checkpointed}; the next one covers the rest.`}
        </>
      )}
    </p>
  );
}
