import clsx from "clsx";
import type { ComponentProps, ReactNode } from "react";

/** Rows of 36 px under a sticky header. Scrolls inside its own frame; `label` names it to a screen reader. */
export function Table({
  label,
  head,
  children,
  tall = false,
}: {
  label: string;
  head: ReactNode;
  children: ReactNode;
  tall?: boolean;
}) {
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a frame that scrolls must be reachable by keyboard
      tabIndex={0}
      className={clsx("overflow-auto rounded-lg border bg-panel", tall ? "max-h-[70dvh]" : "max-h-[36rem]")}
    >
      <table className="w-full border-collapse text-sm">
        <thead>
          <tr>{head}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}

/** `wide`: shown from 768 px on. */
export function Th({ wide = false, className, ...rest }: ComponentProps<"th"> & { wide?: boolean }) {
  return (
    <th
      scope="col"
      className={clsx(
        "sticky top-0 z-10 h-8 border-b bg-raised px-3 text-left text-xs font-medium whitespace-nowrap text-ink-2",
        wide && "hidden md:table-cell",
        className,
      )}
      {...rest}
    />
  );
}

export function Td({ wide = false, className, ...rest }: ComponentProps<"td"> & { wide?: boolean }) {
  return <td className={clsx("h-9 px-3 py-1 align-middle", wide && "hidden md:table-cell", className)} {...rest} />;
}

/** A row that j/k steps over; `href` is where Enter goes. */
export function Tr({ href, className, ...rest }: ComponentProps<"tr"> & { href?: string }) {
  return (
    <tr
      data-row={href}
      className={clsx(
        "border-b last:border-b-0 hover:bg-raised data-[here=true]:bg-raised data-[here=true]:shadow-[inset_2px_0_0_var(--ink)]",
        className,
      )}
      {...rest}
    />
  );
}
