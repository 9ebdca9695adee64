import typescript from '@soulbox/plugin-language-typescript';
import { nodeDocuments } from './node-documents.ts';
import { realPrograms } from './real-programs.ts';

realPrograms({
  language: 'typescript',
  plugins: { 'language-typescript': { plugin: typescript } },
  skip: false,
  programs: () => [...nodeDocuments('buffer.d.ts', '.mts').slice(20), ...nodeDocuments('string_decoder.d.ts', '.ts')],
});
