import { elideUnusedImports, hasModuleSyntax } from './imports.ts';
import { SourceRefused, compileWith, type Emitted } from './swc.ts';

/** The name under which V8 shows a file in stack traces. It must not hold white space, which would end it. */
function shownName(path: string): string {
  return `file:///home/sandbox/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** Takes the types out and leaves spaces, so that every line and column stays what it was. */
function strip(path: string, source: string): Emitted {
  const stripped = compileWith(path, source, { mode: 'strip-only' }).code;
  if (!/\bimport\b/.test(stripped) || !hasModuleSyntax(stripped)) return { code: stripped };
  const transformed = compileWith(path, source, { mode: 'transform', transform: { noEmptyExport: true } }).code;
  const code = elideUnusedImports(stripped, transformed);
  // It was written as a module, and must stay one when all that it imported were types.
  return { code: hasModuleSyntax(code) ? code : `${code}\nexport {};` };
}

/** Writes anew what is more than types: enums, namespaces, parameter properties, `import = require`. */
function transform(path: string, source: string): Emitted {
  const options = { mode: 'transform', sourceMap: true } as const;
  const isScript = path.endsWith('.cts');
  const emitted = compileWith(path, source, { ...options, transform: { noEmptyExport: isScript } });
  if (isScript || !hasModuleSyntax(emitted.code)) return emitted;
  // A module has no `require` of its own, so that `import = require` needs one made for it.
  return compileWith(path, source, { ...options, transform: { importExportAssignConfig: 'NodeNext' } });
}

/** One file without its types. @throws SourceRefused, or any Error when the compiler broke. */
export function compileFile(path: string, source: string): Emitted {
  try {
    return strip(path, source);
  } catch (thrown) {
    if (!(thrown instanceof SourceRefused && thrown.needsTransform)) throw thrown;
    return transform(path, source);
  }
}

/** A cell without its types. What it imports may be used by a later one only. @throws as {@link compileFile} */
export function compileCell(path: string, source: string): Emitted {
  try {
    return compileWith(path, source, { mode: 'strip-only' });
  } catch (thrown) {
    if (!(thrown instanceof SourceRefused && thrown.needsTransform)) throw thrown;
    return compileWith(path, source, {
      mode: 'transform',
      transform: { verbatimModuleSyntax: true, noEmptyExport: true },
    });
  }
}

/** Adds what makes stack traces show the file that the user wrote. */
export function withOrigin(path: string, source: string, { code, map }: Emitted): string {
  if (map === undefined) return `${code}\n//# sourceURL=${shownName(path)}\n`;
  const { mappings } = JSON.parse(map) as { mappings: string };
  const full = { version: 3, sources: [shownName(path)], sourcesContent: [source], names: [], mappings };
  const encoded = Buffer.from(JSON.stringify(full)).toString('base64');
  return `${code}\n//# sourceMappingURL=data:application/json;base64,${encoded}\n`;
}
