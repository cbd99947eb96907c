import fc from "fast-check";
import { expect, test } from "vitest";
import { sinks } from "../sinks/index.ts";
import { spoken } from "../sinks/spoken.ts";
import { aNotice, variants } from "../testing/sinks/fixtures.ts";
import { HOSTILE, hostileContent } from "../testing/sinks/hostile.ts";
import { renderTitle, TEMPLATE_CHARS, TEMPLATE_WORDS, templateFault, titleTemplate } from "./template.ts";

const { content } = aNotice("trigger");

test.each([
  ["{{ severity }} {{ server }}: {{ reason }}", "P1 Payments MCP: Connection refused"],
  ["{{ server | upcase | truncate: 8 }}", "PAYME..."],
  ["{% if severity == 'P1' %}WAKE{% else %}later{% endif %} {{ tenant }}", "WAKE Acme"],
  ["{{ regions }} of {{ by | default: 'nobody' }}", "2 of nobody"],
])("%s says %s", (template, said) => {
  expect(templateFault(template)).toBeNull();
  expect(renderTitle(template, content, "trigger")).toBe(said);
});

test.each([
  ["code behind a word", "{{constructor.constructor('return process')()}}"],
  ["a word's own constructor", "{{ server.constructor }}"],
  ["a prototype", "{{ server.__proto__.polluted }}"],
  ["an unknown word", "{{ process }}"],
  ["bad syntax", "{{ server"],
  ["an unclosed tag", "{% if severity %}x"],
  ["a loop", "{% for i in (1..1000000000) %}x{% endfor %}"],
  ["an assignment", "{% assign a = server %}{{ a }}"],
  ["another file", "{% include 'secrets' %}"],
  ["a layout", "{% layout 'x' %}{% block a %}{% endblock %}"],
  ["a filter that is not on the list", "{{ server | replace: 'a', 'b' }}"],
  ["a filter that goes on for ever", "{{ server | append: server | append: server }}"],
  ["a megabyte", "a".repeat(1_000_000)],
  ["one character too many", "a".repeat(TEMPLATE_CHARS + 1)],
  ["nothing to say", "{% if severity == 'P9' %}x{% endif %}"],
])("%s is refused at save with a sentence", (_title, template) => {
  const started = performance.now();
  const refused = titleTemplate.safeParse(template);
  expect(refused.success).toBe(false);
  expect(refused.error?.issues[0]?.message).toMatch(/^(A|This) .*title template .*\.$/);
  expect(performance.now() - started).toBeLessThan(2_000);
});

test("an empty field is no template", () => {
  for (const empty of ["", "  ", undefined]) expect(titleTemplate.parse(empty)).toBeUndefined();
});

test("every sink's form takes a title of one's own, and refuses code in it", () => {
  for (const sink of sinks) {
    const given = variants()[sink.kind][0]?.config ?? {};
    expect(sink.fields.map((f) => f.name)).toContain("titleTemplate");
    const titled = { ...given, titleTemplate: "{{ severity }} {{ server }}" };
    expect(sink.config.safeParse(titled).data).toMatchObject({ titleTemplate: "{{ severity }} {{ server }}" });
    const wrong = sink.config.safeParse({ ...given, titleTemplate: "{{constructor.constructor('x')()}}" });
    expect(wrong.error?.issues[0]?.path).toEqual(["titleTemplate"]);
  }
});

test("what cannot be rendered when it is sent does not hold the notice back: our own title goes out", () => {
  const notice = aNotice("trigger");
  for (const broken of ["{{ gone }}", "{{ server", "{% include 'x' %}", "{{constructor.constructor('x')()}}", " "])
    expect(spoken(notice, { titleTemplate: broken }).content.title).toBe(notice.content.title);
  expect(spoken(notice, { titleTemplate: "{{ server }}!" }).content.title).toBe("Payments MCP!");
  expect(spoken(notice, {}).content.title).toBe(notice.content.title);
  expect(spoken(aNotice("digest"), { titleTemplate: "{{ server }}" }).content.title).not.toBe("Payments MCP");
});

test("whatever names and templates hold, a title is one line of at most 200 characters, and nothing is run", () => {
  for (const text of Object.values(HOSTILE)) {
    const hostile = { ...content, ...hostileContent(text) };
    for (const word of TEMPLATE_WORDS) {
      const title = renderTitle(`{{ ${word} }}`, hostile, "trigger");
      expect([...title].length).toBeLessThanOrEqual(200);
      expect(title).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    }
  }
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      const fault = templateFault(text);
      expect(fault === null || fault.endsWith(".")).toBe(true);
    }),
    { numRuns: 300 },
  );
});
