/** The page's words in English: the catalogue that every other language is held to. `{name}` is filled in. */
export const en = {
  "app.title": "Emoji Vote",
  "app.skip": "Skip to content",
  "nav.label": "Pages",
  "nav.vote": "Vote",
  "nav.board": "Leaderboard",
  "nav.verify": "Verify",
  "settings.language": "Language",
  "settings.theme": "Appearance",
  "settings.theme.system": "Appearance: as the system",
  "settings.theme.light": "Appearance: light",
  "settings.theme.dark": "Appearance: dark",

  "badge.checking": "checking…",
  "badge.simulation": "attested · simulation",
  "badge.hardware": "attested · hardware",
  "badge.unproven": "not attested",
  "badge.refused": "refused",
  "badge.unknown": "attestation unknown",
  "badge.changed": "changed",
  "badge.hint": "What was verified in this browser",

  "vote.lead": "Tap your favorite. Your ballot is sealed for the measured voting service.",
  "vote.search": "Search emoji",
  "vote.search.none": "No emoji is called “{query}”.",
  "vote.search.found.one": "1 emoji found",
  "vote.search.found.other": "{count} emoji found",
  "vote.list": "Emoji to vote for",
  "vote.for": "Vote for {name}",
  "vote.loading": "Loading the emoji…",
  "vote.casting": "Casting your vote…",
  "vote.what.list": "The list of emoji",

  "poll.open": "The poll is open.",
  "poll.open.until": "The poll is open until {time}.",
  "poll.notOpen": "The poll opens on {time}.",
  "poll.notOpen.unknown": "The poll is not open yet.",
  "poll.closed": "The poll is closed.",
  "poll.revote.unlimited": "Every ballot counts: you may vote as often as you like.",
  "poll.revote.last": "You may vote again: your latest ballot counts.",
  "poll.revote.once": "One ballot from each browser counts.",

  "ballot.title": "Your ballot",
  "ballot.sealing": "Checking who will be able to read it, and sealing it…",
  "ballot.sealed": "Sealed. Nobody but the attested voting service can open it.",
  "ballot.sealed.simulation":
    "Sealed for the attested voting service. Its platform is simulated here: whoever runs the machine could look inside.",
  "ballot.changed": "The rules of this service changed since you last accepted them.",
  "ballot.changed.link": "See what changed",
  "ballot.cast": "Cast my vote",
  "ballot.audit": "Audit it instead",
  "ballot.back": "Choose another emoji",
  "ballot.code": "Ballot code",
  "ballot.code.hint":
    "Note it before you decide. Your receipt must show the same code; it does not tell what you chose.",
  "ballot.skip": "Cast at once next time, without this step",
  "ballot.skip.on": "One tap casts your vote.",
  "ballot.skip.off": "Show me the ballot first",

  "audit.title": "This ballot, opened",
  "audit.lead":
    "You chose to test the page instead of voting. The ballot below is opened and will not be cast.",
  "audit.how":
    "Check it on any other device: recompute the code from the opening. It must be the code that you were shown.",
  "audit.shown": "The code that you were shown",
  "audit.save": "Save opening.json",
  "audit.copy": "Copy",
  "audit.copied": "Copied",
  "audit.discarded":
    "An opened ballot is thrown away: it would prove to others what you chose. The next ballot has a new code.",
  "audit.again": "Make a new ballot",
  "audit.opening": "The opening",

  "thanks.title": "You picked",
  "thanks.lead": "Your vote was counted, and you can prove it.",
  "thanks.board": "View the leaderboard",
  "thanks.again": "Pick another one",
  "thanks.share": "Share the poll",
  "thanks.shared": "Link copied",
  "thanks.share.text": "I voted in a poll that everybody can check.",

  "receipt.title": "Your receipt",
  "receipt.number": "Ballot {number} of {size} in the ledger",
  "receipt.save": "Save receipt",
  "receipt.check": "Check it now",
  "receipt.checking": "Checking…",
  "receipt.check.again": "Check again",
  "receipt.hint":
    "It is kept in this browser and proves that your ballot is counted, not what you chose.",
  "receipt.saved.at": "Voted {time}",
  "receipt.remove": "Remove",
  "receipt.remove.label": "Remove the receipt of ballot {number}",
  "receipt.mismatch":
    "The ledger holds another ballot code than the one that was shown to you. Your vote was changed on its way: keep this receipt and tell others.",
  "receipt.mine": "My receipts",
  "receipt.none": "No receipt is kept in this browser yet. After you vote, it appears here.",
  "receipt.open": "Check a receipt file",
  "receipt.unreadable": "This file is no receipt.",

  "check.included": "Your ballot is number {number} of {size} in the ledger.",
  "check.included.failed": "The receipt does not prove what it claims.",
  "check.signed": "That state of the ledger was signed by the attested voting service.",
  "check.foreign": "The receipt is signed with another key than the attested voting service’s.",
  "check.grown": "The ledger of today, {size} ballots, still contains everything up to yours.",
  "check.same": "The ledger of today is the very one of your receipt.",
  "check.shrunk":
    "The ledger has {size} ballots now and had {before} when you voted: ballots were taken away.",
  "check.forked": "The ledger of today is not a continuation of the one that your receipt is from.",
  "check.offline": "Whether the ledger of today still contains it could not be checked: {reason}.",
  "check.older":
    "The evidence is from before your vote, so it cannot show whether the ledger of today contains it.",
  "check.unattested": "Without verified evidence no key is known to check the receipt with.",
  "check.good": "Your ballot is counted.",
  "check.bad": "Something is wrong. Keep the receipt and show it to others.",
  "check.partly": "Your receipt is genuine; the rest could not be checked.",

  "hazard.offline": "Offline",
  "hazard.doughnut":
    "Voting for doughnut always fails in this version, on purpose. Your vote was not counted.",
  "hazard.doughnut.note":
    "It is the bug of this demo’s story: the owner of the mesh permits the next version of the voting service, and then the doughnut counts. Nothing is wrong with the mesh or your connection.",
  "hazard.failed": "Your vote for {name} could not be processed.",
  "hazard.notCounted": "It was not counted.",
  "hazard.uncertain":
    "It may or may not have arrived. Try again: it is the same ballot and counts once, however often it is sent.",
  "hazard.retry": "Send it again",
  "hazard.again": "Select again",
  "hazard.twice.title": "Already voted",
  "hazard.twice": "This browser has voted already, and one ballot from each browser counts.",
  "hazard.closed.title": "Closed",
  "hazard.closed": "The poll does not take ballots now.",
  "hazard.untrusted.title": "Not sealed",
  "hazard.untrusted":
    "Your vote was not sent: this page could not verify who would be able to read it.",
  "hazard.untrusted.link": "See what was found",

  "board.title": "Leaderboard",
  "board.counting": "Counting…",
  "board.empty": "Nobody has voted yet. Be the first!",
  "board.summary": "{votes} for {emoji} emoji",
  "board.votes.one": "1 vote",
  "board.votes.other": "{count} votes",
  "board.live": "Live",
  "board.polling": "Updated every few seconds",
  "board.stale": "Not connected; these are the last known results",
  "board.hidden": "The results stay hidden until the poll closes.",
  "board.hidden.size.one": "1 ballot is in the ledger.",
  "board.hidden.size.other": "{count} ballots are in the ledger.",
  "board.list": "Emoji by votes",
  "board.vote": "Vote on your favorite",
  "board.all": "Show all {count}",
  "board.fewer": "Show fewer",
  "board.superseded.one": "1 earlier ballot was replaced by its voter.",
  "board.superseded.other": "{count} earlier ballots were replaced by their voters.",
  "board.what": "The leaderboard",
  "board.tally": "Check the signed count",
  "board.tally.checking": "Checking the signed count…",
  "board.tally.good":
    "The signed count of {size} ballots verifies: the numbers add up to the ledger.",
  "board.tally.same": "It is exactly what you see here.",
  "board.tally.older": "Votes have come in since; the signed count follows within seconds.",
  "board.tally.differs":
    "The numbers on this page are not those that the voting service signed. Do not trust them.",
  "board.tally.bad": "The signed count does not verify: {reason}.",

  "verify.title": "What is behind this ballot",
  "verify.checking": "Verifying the evidence in this browser…",
  "verify.verdict.simulation": "Verified, in a simulation",
  "verify.verdict.simulation.text":
    "Everything below was checked in this browser and fits together. But no hardware protects it: on a real system the same checks end in a chip maker’s root, here they end in a simulated one.",
  "verify.verdict.hardware": "Verified, on genuine hardware",
  "verify.verdict.hardware.text":
    "Everything below was checked in this browser: the chip maker’s evidence, the manifest, the certificates, the keys and the count.",
  "verify.verdict.unproven": "Not attested",
  "verify.verdict.unproven.text":
    "The certificates fit together, but the Coordinator sent no evidence: nothing shows what runs.",
  "verify.verdict.refused": "Refused",
  "verify.verdict.refused.text": "Something does not verify. The reasons are below.",
  "verify.unsealed": "Until that changes, this page seals no ballot for this service.",
  "verify.failed": "The evidence",
  "verify.again": "Verify again",
  "verify.time": "Verified {time}",
  "verify.details": "Details",
  "verify.save": "Save the evidence",

  "pin.first":
    "This browser sees it for the first time and remembers it from now on, so that you hear of every change.",
  "pin.same": "All of this is what this browser has known since {time}.",
  "pin.changed.title": "What runs here has changed",
  "pin.changed.text":
    "It is not what this browser knew and you accepted {time}. The change may be fine, but somebody who may change it did so. Read what changed:",
  "pin.changed.assurance": "Before, what vouched for it was: {before}. Now it is: {now}.",
  "pin.changed.program":
    "The Coordinator is another program now: its measurement is {measurement}.",
  "pin.changed.root":
    "The Coordinator has another identity: its root certificate is new. It may have been set up again, or be another one.",
  "pin.changed.unknown": "What changed cannot be told in words.",
  "pin.accept": "I accept this manifest",
  "pin.old": "SHA-256 before",
  "pin.new": "SHA-256 now",

  "section.coordinator": "Who vouches",
  "section.programs": "What may run",
  "section.change": "Who can change it",
  "section.site": "This site",
  "section.ballots": "Your ballot, the ledger and the count",
  "section.doubt": "Do not take this page’s word for it",

  "coordinator.lead":
    "A Coordinator checks every service before it may take part. This is what its own evidence says.",
  "fact.measurement": "Measurement",
  "fact.signer": "Signer",
  "fact.product": "Product id",
  "fact.version": "Security version",
  "fact.debug": "Debug",
  "fact.debug.yes": "yes: its memory can be read",
  "fact.debug.no": "no",
  "fact.platform": "Platform",
  "fact.tcb": "Platform state",
  "fact.advisories": "Open advisories",
  "fact.anchor": "Trust anchor",
  "fact.root": "Root certificate, SHA-256",
  "fact.manifest": "Manifest, SHA-256",
  "fact.none": "none",
  "fact.any": "any",
  "fact.unknown": "not told",

  "programs.lead": "Only programs with these identities get keys and certificates.",
  "programs.table": "Programs that may run",
  "programs.summary": "version {version} or newer",
  "programs.more": "Parameters, connections and secrets",

  "change.lead": "Who may change the list above, and what was changed so far.",
  "change.log": "What was changed",
  "change.log.unsigned":
    "The log is told by the web service and not signed. The command line asks the Coordinator itself.",
  "change.log.empty": "Nothing is told.",

  "site.name": "Issued for",
  "site.names": "Names",
  "site.valid": "Valid",
  "site.valid.range": "{from} to {to}",
  "site.sha256": "Fingerprint, SHA-256",
  "site.compare":
    "Compare the fingerprint with the one that your browser shows: click the icon before the address, then “certificate”. If they differ, somebody stands between you and this site.",

  "ballots.poll": "Poll",
  "ballots.log": "Log",
  "ballots.key": "Key for ballots",
  "ballots.size": "Ballots in the ledger",
  "ballots.root": "Root hash",
  "ballots.counted": "Votes counted",
  "ballots.superseded": "Replaced by their voters",
  "ballots.witnesses": "Witnesses",
  "ballots.witness.seen": "{name}, {time}",

  "doubt.lead":
    "A page cannot vouch for itself: whoever could replace the service could replace this page and its verdict. Check it with something that does not come from here.",
  "doubt.cli": "With the command line",
  "doubt.cli.text":
    "On your own machine: it verifies the same evidence, proves that this very connection leads to the certificate above, and checks the ledger, the count and your receipt.",
  "doubt.file": "With a file from your disk",
  "doubt.file.text":
    "The same verifier as one file. Get it from somebody you trust, compare its SHA-256, keep it, and open it from your disk.",
  "doubt.file.save": "Save the verifier",
  "doubt.origin": "From another place",
  "doubt.origin.text":
    "Anybody may host that file. Open it where you trust the host, and enter the address of this poll.",

  "error.load": "{what} could not be loaded: {reason}.",
  "error.load.status": "{what} could not be loaded (status {status}): {reason}.",
  "error.again": "Try again",
  "error.reason.unreachable": "the server could not be reached",
  "error.reason.form": "the answer has an unknown form",
  "error.reason.browser":
    "this browser has no {algorithm} in WebCrypto, or the page came without https; Ed25519 and X25519 are needed, as in Chromium 137, Firefox 130, Safari 17 and later",
  "error.reason.voting": "the voting service is away, or refuses to start",
  "error.reason.none": "the server gave no reason",

  "notFound.text": "There is nothing at this address.",
  "notFound.back": "To the ballot",

  "footer.credit":
    "A confidential ballot on Carrara, after {buoyant} and its {edgeless} (Apache-2.0).",
  "footer.buoyant": "emojivoto by Buoyant",
  "footer.edgeless": "confidential fork by Edgeless Systems",

  "standalone.title": "Ballot verifier",
  "standalone.lead":
    "This file checks a Carrara poll and your receipts. It contains all it needs, loads nothing, and talks only to the address that you enter.",
  "standalone.address": "Address of the poll",
  "standalone.fetch": "Fetch its evidence",
  "standalone.file": "Or open files: evidence.json, receipt.json, opening.json",
  "standalone.drop": "Drop files here, or choose them",
  "standalone.identity": "Measurement that you expect of the Coordinator (optional)",
  "standalone.identity.hint":
    "64 hex digits, 96 on SEV-SNP. Without it any program that proves its identity is accepted.",
  "standalone.identity.invalid":
    "This is no measurement of 64 or 96 hex digits. Nothing is verified before it is right or empty.",
  "standalone.address.invalid": "This is no https address.",
  "standalone.unreadable": "{name} is no evidence, receipt or opening.",
  "standalone.verify": "Verify",
  "standalone.unreachable":
    "The address did not answer this page. If its certificate is not known to your browser, open the address there once, or save the evidence with: {command}",
  "standalone.opening.good": "The opening fits its code. The ballot was for:",
  "standalone.opening.bad": "The opening does not fit its code: the page that made it cheated.",
  "standalone.choice": "choice number {number}",
} as const;
