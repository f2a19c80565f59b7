import { useEffect, useState } from 'react'

/** A value once it has stayed the same for a while. */
export function useSettled(value: string, ms: number): string {
  const [settled, settle] = useState(value)
  useEffect(() => {
    const later = setTimeout(() => settle(value), ms)
    return () => clearTimeout(later)
  }, [value, ms])
  return settled
}
