// The authorization code flow with PKCE in a single-page application (RFC 10017 §6.3, OpenID Connect Core §3.1).
// Its tokens work only with a key that scripts can use but not read (DPoP, RFC 9449).
const redirectURI = location.origin + "/";
const byID = (id) => document.getElementById(id);
const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const fromBase64url = (text) => Uint8Array.from(
  atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const text = (bytes) => new TextDecoder().decode(bytes);

let config, metadata;
let tokens = JSON.parse(sessionStorage.getItem("tokens") ?? "null");

function show(state, message, problem) {
  document.body.dataset.state = state;
  byID("status").textContent = message;
  byID("error").hidden = !problem;
  byID("error").textContent = problem ?? "";
  byID("sign-in").hidden = state === "signed-in" || state === "working";
  for (const id of ["userinfo", "refresh", "sign-out", "claims"]) byID(id).hidden = state !== "signed-in";
  if (state !== "signed-in") byID("profile").hidden = true;
}

// Returns the key, which survives a reload. A copied token is worthless without it.
async function proofKey() {
  const request = indexedDB.open("demo", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("keys");
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const keys = (await done(request)).transaction("keys").objectStore("keys");
  const stored = await done(keys.get("dpop"));
  if (stored) return stored;
  const made = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  await done(request.result.transaction("keys", "readwrite").objectStore("keys").put(made, "dpop"));
  return made;
}

// RFC 9449 §4.2.
async function proof(method, url, accessToken) {
  const key = await proofKey();
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", key.publicKey);
  const bytes = (value) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
  const claims = { jti: random(), htm: method, htu: url, iat: Math.floor(Date.now() / 1000) };
  if (accessToken) claims.ath = base64url(await crypto.subtle.digest("SHA-256", bytes(accessToken)));
  const parts = [{ typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y } }, claims];
  const signed = parts.map((part) => base64url(bytes(part))).join(".");
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key.privateKey, bytes(signed));
  return `${signed}.${base64url(signature)}`;
}

function keep(answer) {
  tokens = answer && { ...tokens, ...answer };
  if (tokens) sessionStorage.setItem("tokens", JSON.stringify(tokens)); else sessionStorage.removeItem("tokens");
}

async function post(url, form) {
  const headers = { DPoP: await proof("POST", url) };
  const response = await fetch(url, { method: "POST", headers, body: new URLSearchParams(form) });
  const answer = await response.json();
  if (response.ok) return answer;
  const error = new Error(`${answer.error}: ${answer.error_description ?? ""}`);
  error.code = answer.error;
  throw error;
}

// OpenID Connect Core §3.1.3.7.
async function verify(token, nonce) {
  const [head, body, signature] = token.split(".");
  const header = JSON.parse(text(fromBase64url(head)));
  const kinds = {
    ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
    RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  };
  const kind = kinds[header.alg];
  if (!kind) throw new Error(`The ID Token uses an unexpected signature algorithm: ${header.alg}.`);
  const { keys } = await (await fetch(metadata.jwks_uri)).json();
  const jwk = keys.find((key) => key.kid === header.kid && key.alg === header.alg);
  if (!jwk) throw new Error("The ID Token is signed with a key that is not in the issuer’s JWK Set.");
  const key = await crypto.subtle.importKey("jwk", jwk, kind, false, ["verify"]);
  const data = new TextEncoder().encode(`${head}.${body}`);
  if (!await crypto.subtle.verify(kind, key, fromBase64url(signature), data)) {
    throw new Error("The signature of the ID Token is invalid.");
  }
  const claims = JSON.parse(text(fromBase64url(body)));
  if (claims.iss !== config.issuer) throw new Error("The ID Token is from another issuer.");
  if (![claims.aud].flat().includes(config.client_id)) throw new Error("The ID Token is for another client.");
  if (claims.exp * 1000 < Date.now()) throw new Error("The ID Token has expired.");
  if (nonce && claims.nonce !== nonce) throw new Error("The ID Token is for another sign-in.");
  return claims;
}

function showClaims(claims) {
  byID("id-token-claims").tBodies[0].replaceChildren(...Object.entries(claims).map(([name, value]) => {
    const row = document.createElement("tr");
    for (const content of [name, typeof value === "string" ? value : JSON.stringify(value)]) {
      row.insertCell().textContent = content;
    }
    return row;
  }));
}

async function signIn() {
  const request = { state: random(), nonce: random(), verifier: random() };
  sessionStorage.setItem("request", JSON.stringify(request));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(request.verifier));
  location.assign(metadata.authorization_endpoint + "?" + new URLSearchParams({
    response_type: "code", client_id: config.client_id, redirect_uri: redirectURI, scope: config.scope,
    state: request.state, nonce: request.nonce, code_challenge: base64url(hash), code_challenge_method: "S256",
  }));
}

async function finish(answer) {
  const request = JSON.parse(sessionStorage.getItem("request") ?? "{}");
  sessionStorage.removeItem("request");
  history.replaceState(null, "", "/");
  if (!request.state || answer.get("state") !== request.state) throw new Error("The response is for another sign-in.");
  if (answer.get("iss") !== config.issuer) throw new Error("The response is from another issuer.");
  if (answer.has("error")) throw new Error(`${answer.get("error")}: ${answer.get("error_description") ?? ""}`);
  const received = await post(metadata.token_endpoint, {
    grant_type: "authorization_code", code: answer.get("code"), redirect_uri: redirectURI,
    client_id: config.client_id, code_verifier: request.verifier,
  });
  showClaims(await verify(received.id_token, request.nonce));
  keep(received);
  show("signed-in", "You are signed in.");
}

async function refresh() {
  let received;
  try {
    received = await post(metadata.token_endpoint, {
      grant_type: "refresh_token", refresh_token: tokens.refresh_token, client_id: config.client_id,
    });
  } catch (error) {
    if (error.code !== "invalid_grant") throw error;
    // Without offline_access, the refresh token ends with the session.
    keep(null);
    return show("signed-out", "Your session has ended. Sign in again to continue.");
  }
  showClaims(await verify(received.id_token));
  keep(received);
  show("signed-in", `Refreshed at ${new Date().toLocaleTimeString()}.`);
}

async function userInfo() {
  const url = metadata.userinfo_endpoint;
  const response = await fetch(url, {
    headers: { Authorization: `DPoP ${tokens.access_token}`, DPoP: await proof("GET", url, tokens.access_token) },
  });
  if (!response.ok) throw new Error(response.headers.get("WWW-Authenticate") ?? response.statusText);
  byID("userinfo-result").textContent = JSON.stringify(await response.json(), null, 2);
  byID("profile").hidden = false;
}

function signOut() {
  const state = random();
  sessionStorage.setItem("sign-out", state);
  const hint = tokens.id_token;
  keep(null);
  location.assign(metadata.end_session_endpoint + "?" + new URLSearchParams({
    id_token_hint: hint, post_logout_redirect_uri: redirectURI, state,
  }));
}

const guarded = (action) => async () => {
  try { await action(); } catch (error) {
    show(tokens ? "signed-in" : "error", tokens ? "You are signed in." : "You are not signed in.", error.message);
  }
};

byID("sign-in").addEventListener("click", guarded(signIn));
byID("refresh").addEventListener("click", guarded(refresh));
byID("userinfo").addEventListener("click", guarded(userInfo));
byID("sign-out").addEventListener("click", guarded(signOut));

await guarded(async () => {
  config = await (await fetch("config.json")).json();
  metadata = await (await fetch(config.issuer + "/.well-known/openid-configuration")).json();
  if (metadata.issuer !== config.issuer) throw new Error("The provider metadata is from another issuer.");
  byID("account").href = config.issuer + "/account";
  byID("account").hidden = false;
  const answer = new URLSearchParams(location.search);
  if (answer.has("code") || answer.has("error")) return await finish(answer);
  if (answer.has("state") && answer.get("state") === sessionStorage.getItem("sign-out")) {
    sessionStorage.removeItem("sign-out");
    history.replaceState(null, "", "/");
    return show("signed-out", "You are signed out.");
  }
  if (!tokens) return show("signed-out", "You are not signed in.");
  showClaims(await verify(tokens.id_token));
  show("signed-in", "You are signed in.");
})();
