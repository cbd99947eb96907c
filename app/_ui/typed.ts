"use client";
// What was typed into a form survives the way to the identity provider and back: in this tab only, once, and no secret.
const KEY = "tocsin.typed";

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

interface Kept {
  path: string;
  form: string;
  values: [name: string, value: string][];
}

function fields(form: HTMLFormElement): Field[] {
  return [...form.elements].filter((e): e is Field => {
    if (e instanceof HTMLTextAreaElement || e instanceof HTMLSelectElement)
      return e.name !== "" && e.dataset.secret === undefined;
    return (
      e instanceof HTMLInputElement &&
      e.name !== "" &&
      !["password", "hidden", "file", "checkbox", "radio", "submit"].includes(e.type)
    );
  });
}

const nameOf = (form: HTMLFormElement) => form.getAttribute("aria-label") ?? "";

export function keepTyped(form: HTMLFormElement): void {
  const kept: Kept = {
    path: window.location.pathname,
    form: nameOf(form),
    values: fields(form).map(({ name, value }) => [name, value]),
  };
  try {
    window.sessionStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Storage switched off or full: the person types again.
  }
}

/** Puts back what was kept for this form of this page, if anything. */
export function restoreTyped(form: HTMLFormElement): void {
  try {
    const kept = JSON.parse(window.sessionStorage.getItem(KEY) ?? "null") as Kept | null;
    if (kept?.path !== window.location.pathname || kept.form !== nameOf(form)) return;
    window.sessionStorage.removeItem(KEY);
    const typed = new Map(kept.values);
    for (const field of fields(form)) {
      const value = typed.get(field.name);
      if (value === undefined || value === field.value) continue;
      // By the prototype's setter and an event: fields that React holds hear of it too.
      Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value")?.set?.call(field, value);
      field.dispatchEvent(new Event(field instanceof HTMLSelectElement ? "change" : "input", { bubbles: true }));
    }
  } catch {
    // Nothing that can be read: nothing to put back.
  }
}
