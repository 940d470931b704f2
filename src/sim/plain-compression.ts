/** No compression: frames go as they are. For swarms where bodies are small and there are many. */
import type { Compression } from '../core/protocol/compression.ts'

export const plainCompression: Compression = {
  compress: (_, bytes) => bytes,
  decompress: (codec, bytes, maxBytes) => (codec === 0 && bytes.length <= maxBytes ? bytes : null),
}
