// Package example has what the examples of several plugins share.
package example

// DeadLetters is the output of the examples: to Segment, and what Segment would
// discard to a file.
const DeadLetters = `
output:
  fallback:
    - segment:
        write_key: "${SEGMENT_WRITE_KEY}"
    - file:
        path: dead_letters.ndjson
        codec: lines
      processors:
        - mapping: root = @fallback_error.segment_dead_letter(content())
`
