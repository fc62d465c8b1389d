-- FOR SHARE: the epoch cannot move before this transaction ends.
SELECT epoch FROM scidex_console.engine WHERE epoch = %(epoch)s FOR SHARE
