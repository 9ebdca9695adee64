import javascript from '@soulbox/plugin-language-javascript';
import { nodeDocuments } from './node-documents.ts';
import { realPrograms } from './real-programs.ts';

realPrograms({
  language: 'javascript',
  plugins: { 'language-javascript': { plugin: javascript } },
  skip: false,
  programs: () => [
    ...nodeDocuments('buffer.d.ts', '.mjs').slice(0, 20),
    ...nodeDocuments('string_decoder.d.ts', '.mjs'),
  ],
});
