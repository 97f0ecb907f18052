require('./main.js')
