var chunk65IVBLKP = require('./chunk4.js');
require('./chunk3.js');
require('./chunk.js');
require('./main.js');
require('./work.js');
require('./chunk2.js');



exports.quietByDyno = chunk65IVBLKP.quietByDyno;
exports.tell = chunk65IVBLKP.tell;
