// Bytes from the server: length of a header (uint32), the header as JSON, then its parts, each at
// a multiple of four.
function unpack(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const size = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  const kinds = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array };
  const parts = {};
  let at = 4 + size;
  for (const [name, kind, length] of head.parts) {
    at += (4 - (at % 4)) % 4;
    // A copy: typed arrays need a start that is aligned in the buffer, too.
    parts[name] = new kinds[kind](bytes.slice(at, at + length).buffer);
    at += length;
  }
  return { head, parts };
}

// Points are sent once and shared by what draws them: colours and outlines change more often.
const SHARED = (globalThis.llmhniMap ??= { sets: new Map(), waiting: new Map() });
const KEPT_SETS = 3;
