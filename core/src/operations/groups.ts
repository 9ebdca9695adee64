/** The groups of the host's own operations, which are words of the command line. */
export const coreGroups: ReadonlySet<string> = new Set(['executions', 'host', 'languages', 'plugins', 'sandboxes']);
