// A job that fails.
throw new Error('no boxes')
