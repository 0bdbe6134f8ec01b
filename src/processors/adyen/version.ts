/** Of Checkout's API, as the pinned package calls it: a part of every address. */
export const ADYEN_API_VERSION = "72";

/** Keys of 32 bytes. What is no such key would be read as a shorter one, down to one that anybody has. */
export const HMAC_KEY = /^[0-9a-f]{64}$/i;
