/** The environment that programs of every language begin with. */
export const boxEnvironment = Object.freeze({
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/home/sandbox',
  LANG: 'C.UTF-8',
});
