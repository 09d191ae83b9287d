/** An element of a parsed document; text is what stands directly in it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

const NAME = '[A-Za-z_:][\\w:.-]*';
const ATTRIBUTE = new RegExp(`\\s+(${NAME})="([^<"]*)"`, 'y');
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
/** The characters XML 1.0 can hold. */
const ILLEGAL = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/**
 * A strict reader of the XML that we write (declaration, elements, attributes in double quotes, text): anything that is
 * not well-formed throws. Stands in for a parser that would be a dependency.
 */
export function parseXml(document: string): XmlElement {
  const bad = (what: string, at: number): never => {
    throw new Error(`not well-formed: ${what} at ${at}: ${JSON.stringify(document.slice(at, at + 40))}`);
  };
  const illegal = ILLEGAL.exec(document);
  if (illegal !== null) bad('a character XML cannot hold', illegal.index);
  const declaration = /^<\?xml version="1\.0" encoding="UTF-8"\?>\n/.exec(document)?.[0] ?? bad('no declaration', 0);
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  let at = declaration.length;
  while (at < document.length) {
    const here = open.at(-1) ?? bad('nothing is open', at);
    if (document[at] !== '<') {
      const end = document.indexOf('<', at);
      const text = document.slice(at, end < 0 ? document.length : end);
      if (open.length === 1 && text.trim() !== '') bad('text outside the root', at);
      here.text += unescaped(text, (place) => bad('a bare & or an unknown entity', at + place));
      at += text.length;
      continue;
    }
    const close = new RegExp(`</(${NAME})\\s*>`, 'y');
    close.lastIndex = at;
    const closing = close.exec(document);
    if (closing !== null) {
      if (open.length === 1 || here.name !== closing[1]) bad(`</${closing[1]}> closes nothing`, at);
      open.pop();
      at = close.lastIndex;
      continue;
    }
    const tag = new RegExp(`<(${NAME})`, 'y');
    tag.lastIndex = at;
    const name = tag.exec(document)?.[1] ?? bad('no tag', at);
    at = tag.lastIndex;
    const attributes: Record<string, string> = {};
    for (;;) {
      ATTRIBUTE.lastIndex = at;
      const found = ATTRIBUTE.exec(document);
      if (found === null) break;
      const [, key = '', value = ''] = found;
      if (Object.hasOwn(attributes, key)) bad(`${key} twice`, at);
      attributes[key] = unescaped(value.replaceAll(/[\t\n\r]/g, ' '), (place) => bad('a bare &', at + place));
      at = ATTRIBUTE.lastIndex;
    }
    const end = /\s*(\/?)>/y;
    end.lastIndex = at;
    const ended = end.exec(document) ?? bad('a tag that does not end', at);
    at = end.lastIndex;
    if (open.length === 1 && root.children.length > 0) bad('a second root', at);
    const element: XmlElement = { name, attributes, children: [], text: '' };
    here.children.push(element);
    if (ended[1] === '') open.push(element);
  }
  if (open.length > 1) bad(`${open.at(-1)?.name} is not closed`, at);
  return root.children[0] ?? bad('no root', at);
}

function unescaped(text: string, bad: (place: number) => never): string {
  return text.replaceAll(
    /&(?:#(\d+);|(\w+);)?/g,
    (whole, code: string | undefined, name: string | undefined, place) => {
      if (code !== undefined) return String.fromCodePoint(Number(code));
      return ENTITIES[name ?? ''] ?? bad(place as number) ?? whole;
    },
  );
}
