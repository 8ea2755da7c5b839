package policy

// LintRule checks the fields of this package. It adds its sentences to root.
const LintRule = `
let providers = this.consent.providers.or([]).catch([])
let provider_names = $providers.map_each(p -> p.provider.or("").string().lowercase())
# A provider without a name is said of the name.
let lacking = $providers.filter(p -> p.provider.or("").string() != "" && p.ids.or([]).catch([]).length() == 0).map_each(p -> p.provider.string())
if $lacking.length() > 0 {
  root = root.append("field consent.providers has %s without ids, which would skip nothing: list the ids whose consent is needed, or remove the provider".format($lacking.index(0)))
}
let twice = $provider_names.filter(name -> $provider_names.filter(other -> other == name).length() > 1)
if $twice.length() > 0 {
  root = root.append("field consent.providers lists %s twice: put all its ids into one entry".format($twice.index(0)))
}
let strategic = $providers.filter(p -> p.resolution_strategy.or("") != "" && p.provider.or("").string().lowercase() != "custom").map_each(p -> p.provider.or("").string())
if $strategic.length() > 0 {
  root = root.append("field consent.providers has a resolution_strategy for %s, which would not count: only custom has one, the events of all others bring their own; remove it".format($strategic.index(0)))
}
let ids = $providers.map_each(p -> p.ids.or([]).catch([])).flatten()
let older = this.consent.one_trust_cookie_categories.or([]).catch([]).merge(this.consent.ketch_consent_purposes.or([]).catch([]))
if $ids.merge($older).any(id -> id.string() == "") {
  root = root.append("field consent has an empty id, as an unset variable gives: set it, or remove it")
}
let plan = this.tracking_plan.or({})
if $plan.exists("file") && $plan.file.or("").string().trim() == "" {
  root = root.append("field tracking_plan.file is empty: set it to the file of the plan, or remove tracking_plan")
}
if !$plan.exists("file") && $plan.on_violation.or("pass") != "pass" {
  root = root.append("field tracking_plan.file is missing: set it to the file of the plan, or remove tracking_plan")
}
`
