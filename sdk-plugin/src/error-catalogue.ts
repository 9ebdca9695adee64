/** How one stable error code appears on each wire. `grpc` is the numeric status; `advice` is a sentence for people. */
export interface ErrorEntry {
  readonly http: number;
  readonly jsonRpc: number;
  readonly grpc: number;
  readonly retryable: boolean;
  readonly advice: string;
}

const entry = (http: number, jsonRpc: number, grpc: number, advice: string, retryable = false): ErrorEntry =>
  Object.freeze({ http, jsonRpc, grpc, retryable, advice });

/** Every error code that a client, an operator or a plugin author can meet. Codes are never renamed or reused. */
export const errorCatalogue = Object.freeze({
  // the call
  parse_error: entry(400, -32700, 3, 'Send well-formed JSON in UTF-8.'),
  invalid_request: entry(
    400,
    -32600,
    3,
    'Send a JSON-RPC 2.0 request within the limits on size, depth and batch length.',
  ),
  unknown_operation: entry(404, -32601, 12, 'Ask rpc.discover which operations this host has.'),
  invalid_params: entry(400, -32602, 3, 'Correct the fields named in details.problems.'),
  internal: entry(500, -32603, 13, 'Look up the request id in the log of the host.'),
  payload_too_large: entry(413, -32010, 3, 'Send less at once.'),
  unsupported: entry(501, -32011, 12, 'Choose a driver that has this capability; sandboxes list theirs.'),
  cancelled: entry(499, -32012, 1, 'The caller cancelled it.'),
  deadline_exceeded: entry(504, -32013, 4, 'Try again, or allow more time.', true),
  not_found: entry(404, -32014, 5, 'Check the id; what belongs to others answers the same way.'),
  conflict: entry(409, -32015, 10, 'Read the current state and decide again.'),
  idempotency_mismatch: entry(409, -32016, 6, 'Use a new idempotency key for a different request.'),
  // who asks
  unauthenticated: entry(401, -32020, 16, 'Send a valid key: Authorization: Bearer KEY.'),
  permission_denied: entry(403, -32021, 7, 'Ask for a key that has the permission named in details.'),
  auth_unavailable: entry(503, -32022, 14, 'An authentication plugin failed; see the log of the host.', true),
  execution_vetoed: entry(403, -32023, 7, 'A plugin refused this execution for the reason given.'),
  // the host's state
  overloaded: entry(429, -32030, 8, 'Wait for details.retryAfterMs and try again.', true),
  draining: entry(503, -32031, 14, 'The host is shutting down; use another or wait until it is back.', true),
  unreachable: entry(503, -32033, 14, 'Check that the host runs at this address, and try again.', true),
  storage_failed: entry(503, -32032, 14, 'The store did not accept the write; check its disk or server.', true),
  // languages and sandboxes
  language_unknown: entry(400, -32040, 3, 'Ask languages.list which languages this host has.'),
  language_unavailable: entry(503, -32041, 9, 'Install the toolchain of this language; soulbox doctor says which.'),
  path_outside_box: entry(400, -32042, 3, 'Use a relative path that stays inside the working directory.'),
  limit_out_of_range: entry(400, -32043, 3, 'Stay within the limits named in details.'),
  sandbox_unavailable: entry(503, -32044, 9, 'No sandbox can be built here; soulbox doctor says what is missing.'),
  isolation_insufficient: entry(503, -32045, 9, 'This host cannot reach sandbox.minimum; soulbox doctor says how to.'),
  sandbox_lost: entry(503, -32046, 14, 'The sandbox died under the execution; try again.', true),
  agent_protocol: entry(502, -32047, 13, 'The sandbox agent broke its protocol and was ended; try again.', true),
  dependency_failed: entry(
    422,
    -32050,
    9,
    'Correct the dependencies; details.output is what the package manager said.',
  ),
  runtime_unavailable: entry(503, -32048, 14, 'The engine that makes sandboxes does not answer; try again soon.', true),
  image_unavailable: entry(
    503,
    -32049,
    9,
    'Build or load the image named in details; soulbox images verify checks it.',
  ),
  // sandboxes that stay
  path_not_found: entry(404, -32090, 5, 'Check the path; relative ones begin at /home/sandbox.'),
  path_exists: entry(409, -32091, 6, 'Choose another name, or allow that it is replaced.'),
  path_denied: entry(403, -32092, 7, 'Stay where the user of the sandbox may read and write.'),
  not_a_folder: entry(409, -32093, 9, 'Name a folder.'),
  is_a_folder: entry(409, -32094, 9, 'Name a file, or say recursive.'),
  folder_not_empty: entry(409, -32095, 9, 'Empty the folder, or say recursive.'),
  disk_full: entry(507, -32096, 8, 'Remove files, or make a sandbox with a larger limits.diskBytes.'),
  process_not_found: entry(404, -32097, 5, 'Ask processes.list which there are.'),
  process_ended: entry(409, -32098, 9, 'The process has ended, or its input is closed.'),
  port_closed: entry(502, -32099, 14, 'Start a server on this port within the sandbox.', true),
  sandbox_paused: entry(409, -32100, 9, 'Resume the sandbox, or let it resume when it is used.'),
  // plugins and configuration
  template_failed: entry(422, -32101, 1, 'Correct the step that details name; details.output has what it said.'),

  config_not_found: entry(500, -32060, 9, 'Check the path of the configuration file.'),
  config_invalid: entry(500, -32061, 9, 'Correct the lines named; soulbox config check shows them all.'),
  plugin_not_found: entry(500, -32062, 9, 'Install the package, or correct its name in the configuration.'),
  plugin_manifest_invalid: entry(500, -32063, 9, 'Correct the package.json of the plugin as named.'),
  plugin_engine_mismatch: entry(500, -32064, 9, 'Install a version of the plugin made for this host.'),
  plugin_cycle: entry(500, -32065, 9, 'Break the cycle named by making one requirement optional.'),
  capability_missing: entry(500, -32066, 9, 'Configure a plugin that provides the capability named.'),
  capability_conflict: entry(500, -32067, 9, 'Keep one of the two providers named.'),
  plugin_failed: entry(500, -32068, 13, 'See the cause given; the plugin is out of service.'),
  plugin_timeout: entry(504, -32069, 4, 'The plugin did not answer within its deadline.'),
  hook_failed: entry(500, -32070, 13, 'The plugin named threw in a hook that must not fail.'),
  hook_timeout: entry(504, -32071, 4, 'The plugin named did not answer a hook within its deadline.'),
  hook_invalid_result: entry(500, -32072, 13, 'The plugin named answered a hook with a value of the wrong shape.'),
  hook_not_permitted: entry(
    500,
    -32073,
    7,
    'Declare the hook under soulbox.permissions.hooks in the package.json of the plugin.',
  ),
  operation_not_permitted: entry(
    500,
    -32074,
    7,
    'Declare the operation under soulbox.permissions.operations in the package.json of the plugin.',
  ),
  plugin_integrity: entry(500, -32075, 9, 'The installed files are not those that were added; add the plugin again.'),
  plugin_process_lost: entry(503, -32076, 14, 'The process of the plugin named ended; it is started again.', true),
  // packages of plugins
  npm_missing: entry(500, -32080, 9, 'Install npm, which comes with Node.js, so that it is on the PATH.'),
  package_unavailable: entry(
    502,
    -32081,
    14,
    'See what npm said: check name and range, the network, and the registry that npm is set to use.',
    true,
  ),
  package_refused: entry(500, -32082, 9, 'Ask the author of the package for one without what was named.'),
  config_not_writable: entry(500, -32083, 9, 'Make the file and its folder writable, or name another with --config.'),
} satisfies Record<string, ErrorEntry>);

export type ErrorCode = keyof typeof errorCatalogue;

/** Whether a string is one of the catalogue's codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCatalogue, value);
}
