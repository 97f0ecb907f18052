// src/shell-word.ts
function shellWord(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

exports.shellWord = shellWord;
