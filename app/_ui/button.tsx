import clsx from "clsx";
import Link from "next/link";
import type { ComponentProps } from "react";

export type ButtonLook = "primary" | "plain" | "quiet" | "danger";

const LOOK: Record<ButtonLook, string> = {
  primary: "bg-ink text-ground border-ink hover:bg-ink-2 hover:border-ink-2",
  plain: "bg-panel text-ink border-line-strong hover:bg-raised",
  quiet: "bg-transparent text-ink-2 border-transparent hover:bg-raised hover:text-ink",
  danger: "bg-panel text-down border-down hover:bg-down-wash",
};

export function buttonClass(look: ButtonLook = "plain", small = false): string {
  return clsx(
    "inline-flex items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap transition-colors duration-100 select-none",
    "disabled:cursor-not-allowed disabled:opacity-60 aria-disabled:opacity-60",
    small ? "h-7 px-2.5 text-xs" : "h-9 px-3.5 text-sm",
    LOOK[look],
  );
}

export function Button({
  look = "plain",
  small = false,
  className,
  type = "button",
  ...rest
}: ComponentProps<"button"> & { look?: ButtonLook; small?: boolean }) {
  return <button type={type} className={clsx(buttonClass(look, small), className)} {...rest} />;
}

export function ButtonLink({
  look = "plain",
  small = false,
  className,
  ...rest
}: ComponentProps<typeof Link> & { look?: ButtonLook; small?: boolean }) {
  return <Link className={clsx(buttonClass(look, small), className)} {...rest} />;
}
