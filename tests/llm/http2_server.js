// An HTTP/2 server (and HTTP/1.1, for who can't) that answers as Anthropic does, but only when as many requests as it
// was told are waiting at once: a client that sends one after the other never gets an answer.
//   node http2_server.js KEY CERTIFICATE AT_ONCE     prints its port, then a line of JSON a request
const fs = require('fs');
const http2 = require('http2');

const atOnce = Number(process.argv[4]);
const waiting = [];
let connections = 0;
const server = http2.createSecureServer({key: fs.readFileSync(process.argv[2]), cert: fs.readFileSync(process.argv[3]), allowHTTP1: true});

server.on('secureConnection', () => connections++);
server.on('request', (request, response) => {
    let size = 0;
    request.on('data', (bytes) => { size += bytes.length; });
    request.on('end', () => {
        waiting.push(response);
        console.log(JSON.stringify({version: request.httpVersion, method: request.method, path: request.url, size, connections,
                                    key: request.headers['x-api-key']}));
        if (waiting.length < atOnce) return;
        for (const one of waiting.splice(0)) {
            one.writeHead(200, {'content-type': 'application/json', 'anthropic-ratelimit-requests-remaining': '7'});
            one.end(JSON.stringify({id: 'msg_1', model: 'claude', content: [{type: 'tool_use', input: {a: 1}}],
                                    stop_reason: 'tool_use', usage: {input_tokens: 3, output_tokens: 2}}));
        }
    });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
