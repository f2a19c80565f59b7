/** The same keys with other words: what one language says, the other says as well. */
export type Texts<T> = { [K in keyof T]: T[K] extends string ? string : Texts<T[K]> }
