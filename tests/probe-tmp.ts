import { der, derInteger, readDer, fromHex, utf8, toHex, parsePem, fromBase64 } from "@carrara/encoding";
import { parseCrl, parseCertificate } from "@carrara/pki";
import { parseCollateralBundle } from "@carrara/tee";
import { parseEvidencePolicy, parseHclReport, recogniseEvidence } from "@carrara/attestation";
import { parseManifest } from "@carrara/manifest";
function time(name: string, f: () => unknown) { const t = performance.now(); let r = "value"; try { f(); } catch (e) { r = (e as Error).name + " " + (e as {code?: string}).code + " " + (e as Error).message.slice(0, 80); let c=(e as Error).cause as any; if (c) r += " <- " + (c?.reason?.name ?? c?.name) + " " + String(c?.reason?.message ?? c?.message).slice(0,60); } console.log(name, (performance.now() - t).toFixed(1), r); }
const big = der.integer; void big;
function tlv(tag: number, content: Uint8Array) { const l = content.length; return Uint8Array.from([tag, 0x84, l>>>24, (l>>16)&255, (l>>8)&255, l&255].concat([])).length ? (() => { const head = l < 128 ? [tag, l] : l < 256 ? [tag, 0x81, l] : l < 65536 ? [tag, 0x82, l>>8, l&255] : [tag, 0x83, l>>16, (l>>8)&255, l&255]; const out = new Uint8Array(head.length + l); out.set(head); out.set(content, head.length); return out; })() : content; }
const bigInt = tlv(2, new Uint8Array(1_000_000).fill(1));
const alg = der.sequence(der.oid("1.2.840.10045.4.3.2"));
const crl = der.sequence(der.sequence(bigInt, alg), alg, der.bitString(new Uint8Array(4)));
time("crl version 1MB", () => parseCrl(crl));
const bi16 = tlv(2, new Uint8Array(16_000).fill(1));
const cert = der.sequence(der.sequence(der.context(0, bi16), alg), alg, der.bitString(new Uint8Array(4)));
time("cert version 16k", () => parseCertificate(cert));
// collateral bundle
const base = { tcbInfo: "", tcbInfoIssuerChain: "", qeIdentity: "", qeIdentityIssuerChain: "", pckCrl: "00", pckCrlIssuerChain: "", rootCaCrl: "00" };
time("bundle hex 31MB", () => parseCollateralBundle(utf8(JSON.stringify({ ...base, pckCrl: "0".repeat(31_000_000) }))));
time("bundle hex 2MB", () => parseCollateralBundle(utf8(JSON.stringify({ ...base, pckCrl: "0".repeat(2_000_000) }))));
time("bundle b64 31MB", () => parseCollateralBundle(utf8(JSON.stringify({ format: "carrara-collateral/1", veks: ["A".repeat(31_000_000)] }))));
time("bundle deep", () => parseCollateralBundle(utf8("[".repeat(5_000_000))));
time("policy long string", () => parseEvidencePolicy('{"' + "a".repeat(262_000) + '":1}'));
time("policy escapes", () => parseEvidencePolicy('{"' + "\\n".repeat(130_000) + '":1}'));
time("policy many keys", () => parseEvidencePolicy("{" + Array.from({length: 20_000}, (_, i) => `"${i}":1`).join() + "}"));
time("policy deep", () => parseEvidencePolicy("[".repeat(200_000)));
time("policy unterminated", () => parseEvidencePolicy('{"' + "a".repeat(262_000)));
time("base64 8MB", () => fromBase64("A".repeat(8_000_000)));
time("base64 40MB", () => fromBase64("A".repeat(40_000_000)));
time("pem 1MB spaces", () => parsePem("-----BEGIN A-----" + " ".repeat(1_000_000)));
time("pem 1MB begins", () => parsePem("-----BEGIN A-----".repeat(60_000)));
time("pem label", () => parsePem("-----BEGIN " + "A".repeat(1_000_000)));
time("pem labels", () => parsePem("-----BEGIN A".repeat(80_000)));
time("manifest deep", () => parseManifest(utf8("[".repeat(500_000))));
time("manifest keys", () => parseManifest(utf8("{" + Array.from({length: 60_000}, (_, i) => `"a${i}":1`).join() + "}")));
time("manifest packages", () => parseManifest(utf8('{"Packages":{' + Array.from({length: 30_000}, (_, i) => `"a${i}":{}`).join() + "}}")));
time("manifest dup packages", () => parseManifest(utf8('{"Packages":{' + Array.from({length: 30_000}, () => `"a":{}`).join() + "}}")));
time("manifest long string", () => parseManifest(utf8('{"a":"' + "\\u0041".repeat(100_000) + '"}')));
time("manifest long num", () => parseManifest(utf8('{"Packages":{"a":{"ProductID":' + "9".repeat(500_000) + '}}}')));
time("manifest long exp", () => parseManifest(utf8('{"Packages":{"a":{"ProductID":1e500000}}}')));
