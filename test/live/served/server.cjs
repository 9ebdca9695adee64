// What the previews of a sandbox show: `node server.cjs PORT`.
const { createHash } = require('node:crypto');
const { createServer } = require('node:http');

const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const server = createServer((request, response) => void answer(request, response));
function answer(request, response) {
  const path = request.url.split('?')[0];
  if (path === '/moved') return response.writeHead(302, { location: '/there' }).end();
  if (path === '/cookies')
    return response
      .writeHead(200, {
        'set-cookie': ['a=1; Domain=localhost; Path=/', 'b=2; path=/; domain =localhost', 'domain=3; domain'],
        'clear-site-data': '"cookies"',
        'alt-svc': 'h2=":1"',
        connection: 'x-own',
        'x-own': '1',
      })
      .end();
  if (path === '/slow') return response.write('first\n');
  if (path === '/broken') return response.write('half', () => request.socket.destroy());
  if (path === '/large') return response.end(Buffer.alloc(20_000_000, 'x'));
  describe(request, response);
  return undefined;
}

function describe(request, response) {
  const { method, url, headers } = request;
  const hash = createHash('sha256');
  let bytes = 0;
  request.on('data', (chunk) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ method, url, headers, bytes, sha256: hash.digest('hex') }));
  });
}
server.on('upgrade', (request, socket, head) => {
  if (request.url === '/refused') {
    socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno');
    return;
  }
  const accept = createHash('sha1')
    .update(request.headers['sec-websocket-key'] + magic)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nset-cookie: ws=1\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
  // Short frames only: what comes is sent back without its mask.
  const echo = (frame) => {
    const length = frame[1] & 0x7f;
    const mask = frame.subarray(2, 6);
    const text = frame.subarray(6, 6 + length).map((byte, index) => byte ^ mask[index % 4]);
    socket.write(Buffer.concat([Buffer.from([frame[0], length]), text]));
    if ((frame[0] & 0x0f) === 8) socket.end();
  };
  if (head.length > 0) echo(head);
  socket.on('data', echo);
  socket.on('error', () => {});
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
