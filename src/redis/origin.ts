/**
 * Where the URL of a Redis came from, and what a person can do there about a server that can't be used: only the place that the URL was
 * read from knows its own options. All but `name` and `pin` are whole sentences.
 */
export interface UrlOrigin {
  /** as it stands in a sentence: `redis-url`, `config var REDIS_URL of shop` */
  readonly name: string
  /** the option that pins a certificate */
  readonly pin: string
  /** the URL is none, or is another server's */
  readonly wrongUrl: string
  /** the server does not accept its user or password */
  readonly staleLogin: string
  /** no known authority signed the certificate, and the options demand it */
  readonly unsignedCertificate: string
  /** nobody answers there */
  readonly unreachable: string
}
