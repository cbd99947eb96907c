// A notice as it is put into words for one sink: looked through once more, with the sink's own title where it has one.
// A title that cannot be made is no reason not to tell anybody: then ours goes out.
import { isStandalone, type Notice } from "../domain/notice.ts";
import { leaving } from "../domain/payload.ts";
import { renderTitle } from "../domain/template.ts";

/** @param config the sink's form, as stored. @throws what content that is no notice's throws */
export function spoken(notice: Notice, config: unknown): Notice {
  const content = leaving(notice.content);
  const template = (config as { titleTemplate?: unknown } | null)?.titleTemplate;
  if (typeof template !== "string" || isStandalone(notice.kind)) return { ...notice, content };
  return { ...notice, content: { ...content, title: ownTitle(template, notice) ?? content.title } };
}

function ownTitle(template: string, notice: Notice): string | null {
  try {
    return renderTitle(template, notice.content, notice.kind) || null;
  } catch {
    return null;
  }
}
