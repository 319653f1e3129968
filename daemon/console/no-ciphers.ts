/** Takes the place of the ciphers of the archive library in the built console (vite.config.mjs). */
const none = undefined;

export {
  none as AESDecryptionStream,
  none as AESEncryptionStream,
  none as ZipCryptoDecryptionStream,
  none as ZipCryptoEncryptionStream,
};
