"use client";
import { Monitor, Moon, Sun } from "lucide-react";
import { ThemeProvider as Provider, useTheme } from "next-themes";
import { useEffect, useState, type ReactNode } from "react";

export function ThemeProvider({ nonce, children }: { nonce: string | undefined; children: ReactNode }) {
  return (
    <Provider
      attribute="class"
      defaultTheme="system"
      enableSystem
      disableTransitionOnChange
      {...(nonce === undefined ? {} : { nonce })}
    >
      {children}
    </Provider>
  );
}

const CHOICES = [
  ["light", "Light", Sun],
  ["dark", "Dark", Moon],
  ["system", "As the system", Monitor],
] as const;

/** Three buttons of one group; nothing is pressed until the browser has said which holds. */
export function ThemeSwitch() {
  const { theme, setTheme } = useTheme();
  const [mounted, setMounted] = useState(false);
  useEffect(() => setMounted(true), []);
  return (
    <fieldset aria-label="Theme" className="inline-flex rounded-md border p-0.5">
      {CHOICES.map(([value, label, Icon]) => (
        <button
          key={value}
          type="button"
          title={label}
          aria-label={label}
          aria-pressed={mounted && theme === value}
          onClick={() => setTheme(value)}
          className="inline-flex size-7 items-center justify-center rounded text-ink-2 hover:text-ink aria-pressed:bg-raised aria-pressed:text-ink"
        >
          <Icon size={14} aria-hidden="true" />
        </button>
      ))}
    </fieldset>
  );
}
