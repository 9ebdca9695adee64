/** The version that HELLO must state. */
export const liveVersion = 1;

/** Frames of `LIVE.md`. */
export const liveFrame = Object.freeze({
  call: 0x21,
  send: 0x22,
  sendEnd: 0x23,
  credit: 0x24,
  cancel: 0x25,
  ping: 0x26,
  hello: 0xa1,
  data: 0xa2,
  item: 0xa3,
  inputCredit: 0xa4,
  end: 0xa5,
  fail: 0xa6,
  pong: 0xa7,
});

/** Methods of `LIVE.md`, and whether what they fail to find is a path or a process. */
export const liveMethod = Object.freeze({
  stat: 1,
  list: 2,
  read: 3,
  write: 4,
  folder: 5,
  move: 6,
  copy: 7,
  remove: 8,
  set: 9,
  link: 10,
  watch: 11,
  search: 12,
  pack: 13,
  unpack: 14,
  start: 20,
  attach: 21,
  input: 22,
  signal: 23,
  resize: 24,
  listing: 25,
  forget: 26,
  dial: 30,
  ports: 31,
  gateway: 32,
  take: 33,
  drop: 34,
});
export type LiveMethod = keyof typeof liveMethod;

/** The first method that asks for a process there is; before it come those that ask for files. */
export const firstProcessMethod = liveMethod.attach;
