// Signs an act with private keys that stay in this browser.
// signed = "lamppost page" LF challenge LF text; ES256, r and s.

// Wraps an EC private key of SEC 1, as `openssl ecparam -genkey` writes it, into PKCS 8.
const ALGORITHM = [0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
  0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const CURVE = { name: "ECDSA", namedCurve: "P-256" };

const hex = (buffer) => [...new Uint8Array(buffer)].map((one) => one.toString(16).padStart(2, "0")).join("");

function der(tag, content) {
  const length = content.length;
  if (length < 0x80) return [tag, length, ...content];
  if (length < 0x100) return [tag, 0x81, length, ...content];
  return [tag, 0x82, length >> 8, length & 0xff, ...content];
}

function fromPem(text) {
  const found = text.match(/-----BEGIN (EC )?PRIVATE KEY-----([^-]+)-----END/);
  if (!found) throw new Error("that file is no private key as PEM");
  const bytes = [...atob(found[2].replace(/\s+/g, ""))].map((one) => one.charCodeAt(0));
  if (!found[1]) return new Uint8Array(bytes);
  return new Uint8Array(der(0x30, [0x02, 0x01, 0x00, ...ALGORITHM, ...der(0x04, bytes)]));
}

async function sign(file, data) {
  if (!file) return "";
  try {
    const key = await crypto.subtle.importKey("pkcs8", fromPem(await file.text()), CURVE, false, ["sign"]);
    return hex(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, data));
  } catch (error) {
    throw new Error(`${file.name} cannot sign (${error.message || error.name}); give a P-256 key without a password`);
  }
}

// Gives what is sent for an act: its text, the challenge, and the signatures of the keys that are there.
export async function signed(act, personKey, workstationKey) {
  const { challenge } = await (await fetch("/api/evidence/challenge")).json();
  const data = new TextEncoder().encode(`lamppost page\n${challenge}\n${act}`);
  return { act, challenge, person: await sign(personKey, data), workstation: await sign(workstationKey, data) };
}
