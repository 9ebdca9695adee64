/** Exit codes that are not the program's: as `timeout(1)` and shells have them. */
export const exitCodes = { timeout: 124, hostFailed: 125, signalBase: 128 } as const;
