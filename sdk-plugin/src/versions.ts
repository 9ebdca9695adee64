/** The version that is meant by what a client asks for: itself, or the first that begins with it: `3.11` means `3.11.7`. */
export function matchVersion(versions: readonly string[], wanted: string): string | undefined {
  return versions.find((version) => version === wanted) ?? versions.find((version) => version.startsWith(`${wanted}.`));
}
