import { useRouter } from '@tanstack/react-router'
import { useRef } from 'react'

/**
 * What is open beside a page and stands in its address. Opening is a step that "back" undoes, and closing undoes the
 * opening; `leave` closes what came with the address.
 */
export function useBeside(leave: () => void) {
  const router = useRouter()
  const wasOpenedHere = useRef(false)
  return {
    /** To be called when something is opened here. */
    opened: () => {
      wasOpenedHere.current = true
    },
    close: () => {
      if (wasOpenedHere.current) router.history.back()
      else leave()
      wasOpenedHere.current = false
    },
  }
}
