var chunkOBWMWB5U = require('./chunk4.js');
require('./chunk3.js');
require('./chunk.js');
require('./main.js');
require('./work.js');
require('./chunk2.js');



exports.quietByDyno = chunkOBWMWB5U.quietByDyno;
exports.tell = chunkOBWMWB5U.tell;
