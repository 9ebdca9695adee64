/** Makes every method of an object its own for good, so that it can be taken off it: plugins take their context apart. */
export function bindMethods(target: object): void {
  const methods = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(target) as object);
  for (const [name, { value }] of Object.entries(methods)) {
    if (typeof value === 'function' && name !== 'constructor')
      Object.defineProperty(target, name, { value: (value as () => unknown).bind(target) });
  }
}
