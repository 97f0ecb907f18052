var chunk6OA2UNZC = require('./chunk2.js');
require('./work.js');
require('./main.js');
require('./chunk.js');



exports.quietByDyno = chunk6OA2UNZC.quietByDyno;
exports.tell = chunk6OA2UNZC.tell;
