/** Thrown by a plugin's `skip` to leave set-up; not a failure. */
export class SkipSignal extends Error {}
