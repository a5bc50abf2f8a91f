package streamtest

// longestPath is how many bytes a unix-domain path may have: all of sun_path, without a NUL
// (unix(7)).
const longestPath = 108
