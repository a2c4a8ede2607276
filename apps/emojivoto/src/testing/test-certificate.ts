/**
 * A self-signed certificate of `localhost` for tests of clients, valid for a hundred years, with its
 * published and therefore worthless key. Made with `openssl req -x509 -days 36500 -subj /CN=localhost
 * -addext subjectAltName=DNS:localhost`.
 */
export const testCertificate = {
  pem: `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUeK+4vG67j2hB1szR+XVD8cfKDmowCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA1MTUyOVoYDzIxMjYxMDI4
MDUxNTI5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAT0pOMlMdh+JdF4mjJlCMn8gvQvJ0B6aYjXoapcAdXamLG8Y89hqfSo
1yoE9fJR+GAwJxLddXimCo+XUL8f1Kwwo2kwZzAdBgNVHQ4EFgQUJ18tEUwTKpu8
ykLYPI+fTiPB3eUwHwYDVR0jBBgwFoAUJ18tEUwTKpu8ykLYPI+fTiPB3eUwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIhAIVy43uaCJmBCYVDDszhS/mAuWmwGBSBmrJFDvNDgHYwAiBGqIrd3bsD
ohzONptO94j/kE0f4NJaNFsw4iU9nYlM0w==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQggasH7VCvMEYYTVft
7D9btt/FK+yjHt2Udv3/OYASnguhRANCAAT0pOMlMdh+JdF4mjJlCMn8gvQvJ0B6
aYjXoapcAdXamLG8Y89hqfSo1yoE9fJR+GAwJxLddXimCo+XUL8f1Kww
-----END PRIVATE KEY-----
`,
  sha256: "2c48bac86e9c111a333c4dc67e935e60bc8fe456666c53a473c6f4f1e8909516",
} as const;
