/**
 * What a field is indexed, compared and ordered by. JSON cannot say minus infinity, so that stands for null and
 * absence: unlike NULL it can be compared, which keeps every query to one range of one index.
 */
export function keyOf(field: string): string {
  return `ifnull(json_extract(value, '$.${field}'), -9e999)`;
}

/** The key of a parameter given as JSON text, made in the same way as that of a stored value. */
export const parameterKey = `ifnull(json_extract(?, '$'), -9e999)`;
