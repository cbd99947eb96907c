import Link from "next/link";

const LINK = "underline underline-offset-2 hover:text-ink";

/** Where a long list is cut. The page is in the URL beside the filters, so that it can be sent to somebody. */
export function Pager({
  page,
  per,
  total,
  path,
  keep,
}: {
  page: number;
  per: number;
  total: number;
  path: string;
  keep: Record<string, string>;
}) {
  if (total <= per) return null;
  const last = Math.ceil(total / per);
  const to = (n: number) => {
    const query = new URLSearchParams(Object.entries(keep).filter(([, value]) => value !== ""));
    if (n > 1) query.set("page", String(n));
    return query.size === 0 ? path : `${path}?${query}`;
  };
  return (
    <nav aria-label="Pages" className="tabular mt-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-xs text-ink-2">
      <span>
        {Math.min((page - 1) * per + 1, total)} to {Math.min(page * per, total)} of {total}
      </span>
      {page > 1 && (
        <Link href={to(page - 1)} className={LINK} rel="prev">
          Previous {per}
        </Link>
      )}
      {page < last && (
        <Link href={to(page + 1)} className={LINK} rel="next">
          Next {per}
        </Link>
      )}
    </nav>
  );
}
