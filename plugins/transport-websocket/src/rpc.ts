import { createJSONRPCSuccessResponse, JSONRPCServer, type JSONRPCRequest } from 'json-rpc-2.0';
import {
  isSoulboxError,
  parse,
  SoulboxError,
  toSoulboxError,
  z,
  type Api,
  type CallOptions,
  type PluginContext,
  type Principal,
} from '@soulbox/plugin-sdk';
import { errorResponse } from './answers.ts';
import type { CallId } from './frame.ts';
import { openRpcDocument } from './openrpc.ts';
import type { OperationIndex } from './operation-index.ts';

/** The connection that a call came over, as far as the call needs it. */
export interface Session {
  /** `null` before a key was shown. */
  readonly principal: Principal | null;
  /** Why calls are refused for now, if they are. */
  readonly refusal: SoulboxError | null;
  /** @throws conflict when logged in, unauthenticated, auth_unavailable */
  login(token: string): Promise<Principal>;
  /** Whether a call with that id was there. */
  cancel(id: CallId): boolean;
  /** Resolves when there is room for more, with whether the peer is still there. */
  notify(method: string, params: unknown): Promise<boolean>;
}

/** What goes with one request through the JSON-RPC library. */
export interface Call {
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly requestId: string;
}

const LoginParams = z.strictObject({ token: z.string().min(1).max(8192) });
const NoParams = z.strictObject({});
const CancelParams = z.strictObject({ id: z.union([z.string(), z.int()]) });

const loginMethod = 'auth.login';
export const cancelMethod = '$/cancel';

/** Who may call what, before anything else is looked at. */
function admit({ method, params }: JSONRPCRequest, { session, signal }: Call): void {
  if (method === cancelMethod && session.principal) return;
  if (session.refusal) throw session.refusal;
  if (!session.principal && method !== loginMethod)
    throw new SoulboxError('unauthenticated', `call ${loginMethod} first, or send a key with the upgrade`);
  if (params !== undefined && (typeof params !== 'object' || params === null || Array.isArray(params))) {
    const problems = [{ path: '', message: 'must be an object: parameters go by name' }];
    throw new SoulboxError('invalid_params', 'params must be an object', { details: { problems } });
  }
  signal.throwIfAborted();
}

/** Runs an operation and sends its events, which all come before the answer. */
async function runStream(api: Api, operation: string, params: unknown, session: Session, options: CallOptions) {
  const method = `${operation.slice(0, operation.indexOf('.'))}.event`;
  for await (const item of api.stream(operation, params, options)) {
    if ('result' in item) return item.result;
    // Without its reader the operation goes on; it is only no longer watched.
    if (!(await session.notify(method, item.event))) return null;
  }
  throw new Error(`${operation} ended without a result`);
}

/** Adds what the host's log needs to find the call again, and keeps everything else from the client. */
function reported(
  thrown: unknown,
  request: JSONRPCRequest,
  { requestId }: Call,
  log: PluginContext['log'],
): SoulboxError {
  if (!isSoulboxError(thrown)) log.error({ err: thrown, requestId, method: request.method }, 'a call failed');
  const error = toSoulboxError(thrown);
  if (error.code !== 'internal') return error;
  return new SoulboxError('internal', error.message, { details: { ...error.details, requestId }, cause: error });
}

/** The methods: the operations of the host, and `auth.login`, `rpc.discover`, `$/cancel`. */
export function createRpcServer(api: Api, operations: OperationIndex, log: PluginContext['log']): JSONRPCServer<Call> {
  // Failures are reported by the middleware, which knows the call.
  const server = new JSONRPCServer<Call>({ errorListener: () => undefined });
  server.mapErrorToJSONRPCErrorResponse = errorResponse;
  server.applyMiddleware(async (next, request, call) => {
    try {
      admit(request, call);
      return await next(request, call);
    } catch (thrown) {
      throw reported(thrown, request, call, log);
    }
  });
  server.addMethod(loginMethod, (params, { session }) => session.login(parse(LoginParams, params ?? {}).token));
  server.addMethod(cancelMethod, (params, { session }) => ({
    found: session.cancel(parse(CancelParams, params ?? {}).id),
  }));
  server.addMethod('rpc.discover', async (params) => {
    parse(NoParams, params ?? {});
    return openRpcDocument(await operations.describe());
  });
  // The operations come and go with their plugins, so they are not registered but passed on by name.
  server.handleMethodNotFound = async (request, context) => {
    const { session, signal, requestId } = context as Call;
    const { method, params = {}, id } = request;
    const options = { principal: session.principal as Principal, signal, requestId };
    const result = (await operations.streams(method))
      ? await runStream(api, method, params, session, options)
      : await api.call(method, params, options);
    return id === undefined ? null : createJSONRPCSuccessResponse(id, result ?? null);
  };
  return server;
}
