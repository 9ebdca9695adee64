import { Session, type Debugger, type Runtime } from 'node:inspector';

const handle = Symbol('soulbox/function to locate');

interface InternalProperties {
  readonly internalProperties?: readonly { readonly name: string; readonly value?: Runtime.RemoteObject }[];
}

/** The URL of the module that a function was written in; `undefined` for what is no function of JavaScript. */
export function urlOfFunction(fn: unknown): string | undefined {
  if (typeof fn !== 'function') return undefined;
  const session = new Session();
  const urls = new Map<string, string>();
  let scriptId: string | undefined;
  session.connect();
  try {
    // Answers come at once: the session is with this very thread.
    session.on('Debugger.scriptParsed', ({ params }: { params: Debugger.ScriptParsedEventDataType }) => {
      urls.set(params.scriptId, params.url);
    });
    (globalThis as Record<symbol, unknown>)[handle] = fn;
    session.post('Debugger.enable');
    const expression = `globalThis[Object.getOwnPropertySymbols(globalThis).find(({ description }) => description === ${JSON.stringify(handle.description)})]`;
    session.post('Runtime.evaluate', { expression }, (_, { result }) => {
      session.post('Runtime.getProperties', { objectId: result.objectId ?? '' }, (_failed, properties) => {
        const { internalProperties = [] } = properties as InternalProperties;
        const location = internalProperties.find(({ name }) => name === '[[FunctionLocation]]')?.value;
        scriptId = (location?.value as { scriptId?: string } | undefined)?.scriptId;
      });
    });
  } finally {
    delete (globalThis as Record<symbol, unknown>)[handle];
    session.disconnect();
  }
  return scriptId === undefined ? undefined : urls.get(scriptId);
}
