//! English verbs, sorted by what they say about data.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::word::Act;

const HAVE: &str = "have contain include comprise hold feature carry need require list define decide determine identify characterize characterise describe";
const CONSIST: &str = "consist divide compose";
const BELONG: &str = "belong assign attach link relate connect associate tie refer correspond allocate";
const LINK: &str = "open make place book order buy purchase pay own rent borrow reserve write lead teach attend submit register enrol enroll join register visit
 sell supply host run conduct perform use employ post request upload sign issue receive subscribe participate drive service treat prescribe
 occupy lease play file adopt take work handle repair serve cover deliver speak present compete supervise organize organise produce publish leave rate review sponsor donate tend care";
const STORE: &str = "store record keep save track capture note log enter specify remember collect know indicate fill hold";
const MANAGE: &str = "add create edit delete remove update manage view maintain change modify import export search find show see display browse print
 send generate approve reject cancel confirm mark set close schedule plan choose select pick check monitor follow look get give
 archive filter sort share download scan call notify remind assign calculate compute count report prepare process accept complete finish start
 move transfer return ship pack load unload invoice charge refund renew extend invite block allow support provide offer help let ask answer
 work come go run happen say tell think like love hate try begin stop become turn put bring lose forget switch replace reduce increase
 expect hope wish believe understand use consider handle arrive wait stay live exist seem appear depend vary differ cost
 repeat log contact email phone text publish connect sync synchronise synchronize integrate login verify validate prevent restrict limit
 sit station locate apply prefer define estimate measure weigh inspect test clean feed water harvest plant grow bake cook
 collect pick drop settle reach touch read learn study win lose draw score combine split merge compare group sum build replenish restock reorder
 reschedule overlap conflict exceed expire remain hand complain pass fail own respond reply discuss agree attach mention name label tag rank occur grant revoke
 trigger launch perform act ensure guarantee protect secure encrypt hide lock unlock enable disable click press type drag scroll";

/// Forms that no rule yields.
const IRREGULAR: &str = "has:have had:have having:have kept:keep sold:sell bought:buy paid:pay made:make wrote:write written:write led:lead taught:teach took:take taken:take
 knew:know known:know held:hold sent:send chose:choose chosen:choose found:find saw:see seen:see gave:give given:give went:go gone:go came:come said:say told:tell
 thought:think began:begin begun:begin put:put set:set brought:bring lost:lose forgot:forget forgotten:forget built:build shown:show grew:grow grown:grow
 drove:drive driven:drive left:leave lent:lend borrowed:borrow ran:run got:get read:read understood:understand fed:feed drew:draw drawn:draw won:win split:split
 belongs:belong goes:go does:do hid:hide hidden:hide meant:mean spent:spend lying:lie done:do tied:tie tying:tie carried:carry";

static VERBS: LazyLock<BTreeMap<String, (String, Act, Form)>> = LazyLock::new(|| {
    let mut map = BTreeMap::new();
    for (list, act) in [(HAVE, Act::Have), (CONSIST, Act::Consist), (BELONG, Act::Belong), (STORE, Act::Store), (LINK, Act::Link), (MANAGE, Act::Manage)] {
        for lemma in list.split_whitespace() {
            for (form, kind) in forms(lemma) {
                map.entry(form).or_insert((lemma.to_owned(), act, kind));
            }
        }
    }
    for pair in IRREGULAR.split_whitespace() {
        let Some((form, lemma)) = pair.split_once(':') else { continue };
        let act = map.get(lemma).map_or(Act::Manage, |(_, act, _)| *act);
        let kind = if form.ends_with("ing") {
            Form::Ing
        } else if form.ends_with('s') {
            Form::Third
        } else {
            Form::Past
        };
        map.insert(form.to_owned(), (lemma.to_owned(), act, kind));
    }
    map
});

/// The shape a verb stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Base,
    Third,
    Past,
    Ing,
}

fn forms(lemma: &str) -> [(String, Form); 4] {
    let bare = lemma.strip_suffix('e').unwrap_or(lemma);
    let (third, past, ing) = if let Some(stem) = lemma.strip_suffix('y').filter(|s| !s.ends_with(['a', 'e', 'o', 'u'])) {
        (format!("{stem}ies"), format!("{stem}ied"), format!("{lemma}ing"))
    } else if lemma.ends_with(['s', 'x', 'z']) || lemma.ends_with("ch") || lemma.ends_with("sh") || lemma.ends_with("go") {
        (format!("{lemma}es"), format!("{lemma}ed"), format!("{lemma}ing"))
    } else if doubles(lemma) {
        let last = &lemma[lemma.len() - 1..];
        (format!("{lemma}s"), format!("{lemma}{last}ed"), format!("{lemma}{last}ing"))
    } else if lemma.ends_with("ee") {
        (format!("{lemma}s"), format!("{lemma}d"), format!("{lemma}ing"))
    } else {
        (format!("{lemma}s"), format!("{bare}ed"), format!("{bare}ing"))
    };
    [(lemma.to_owned(), Form::Base), (third, Form::Third), (past, Form::Past), (ing, Form::Ing)]
}

fn doubles(lemma: &str) -> bool {
    matches!(lemma, "submit" | "sit" | "refer" | "set" | "put" | "get" | "let" | "run" | "stop" | "ship" | "drop" | "pick" | "plan" | "log" | "tag" | "win" | "split" | "transfer" | "drag" | "enrol" | "scan" | "begin" | "cancel" | "occur") && !matches!(lemma, "pick")
}

/// Lemma, meaning for data and shape of a verb form.
pub(super) fn verb(form: &str) -> Option<(&'static str, Act, Form)> {
    VERBS.get(form).map(|(lemma, act, kind)| (lemma.as_str(), *act, *kind))
}
