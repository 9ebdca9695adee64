/** Narrows the ways of `bothWays` for one run, as `soulbox-plugin check` does. */
export const wayVariable = 'SOULBOX_CONFORMANCE_ISOLATION';
