import { errorCatalogue } from '@soulbox/plugin-sdk';
import { Source } from './source.mjs';

/** `sdk-plugin/docs/errors.md` */
export function errorsDocument() {
  const source = new Source('sdk-plugin/src/error-catalogue.ts');
  const { start, end } = source.find('errorCatalogue').node;
  const headings = source.comments.filter(
    (comment) => comment.type === 'Line' && comment.start > start && comment.end < end,
  );
  const places = Object.keys(errorCatalogue).map((code) => source.text.indexOf(`\n  ${code}: `));
  const groups = headings.map(({ value, start: from }, index) => {
    const until = headings[index + 1]?.start ?? end;
    const entries = Object.entries(errorCatalogue).filter((_, nth) => {
      const place = places[nth] ?? -1;
      return place > from && place < until;
    });
    const title = value.trim();
    const rows = entries.map(
      ([code, { http, jsonRpc, grpc, retryable, advice }]) =>
        `| \`${code}\` | ${advice} | ${retryable ? 'yes' : ''} | ${http} | ${jsonRpc} | ${grpc} |`,
    );
    const table = `| code | advice | try again | HTTP | JSON-RPC | gRPC |\n| --- | --- | --- | --- | --- | --- |\n${rows.join('\n')}`;
    return { count: entries.length, text: `## ${title.slice(0, 1).toUpperCase()}${title.slice(1)}\n\n${table}\n` };
  });
  const told = groups.reduce((sum, { count }) => sum + count, 0);
  if (told !== places.length) throw new Error(`${places.length} error codes, but ${told} under a heading`);
  return `# Error codes

What leaves a host or a plugin is a \`SoulboxError\` with one of these codes; anything else that is thrown becomes
\`internal\`, and its message stays in the log. Codes are never renamed or used for something else.

${groups.map(({ text }) => text).join('\n')}`;
}
