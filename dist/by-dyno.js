var chunkT5LLLPHA = require('./chunk2.js');
require('./work.js');
require('./main.js');
require('./chunk.js');



exports.quietByDyno = chunkT5LLLPHA.quietByDyno;
exports.tell = chunkT5LLLPHA.tell;
