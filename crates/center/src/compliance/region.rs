//! Where a number is from: advice only, never a ground to refuse.

use super::number::{self, Number};
use crate::config::Language;
use seatline_contract::customer::NumberKind;

/// First two digits of area codes (without the leading zero) and their province.
/// 26 is reserved; 89 is both Hainan and Tibet and is told apart by the third digit.
const PROVINCES: &[(&[&str], &str, &str)] = &[
    (&["10"], "北京", "Beijing"),
    (&["20", "66", "75", "76"], "广东", "Guangdong"),
    (&["21"], "上海", "Shanghai"),
    (&["22"], "天津", "Tianjin"),
    (&["23"], "重庆", "Chongqing"),
    (&["24", "41", "42"], "辽宁", "Liaoning"),
    (&["25", "51", "52"], "江苏", "Jiangsu"),
    (&["27", "71", "72"], "湖北", "Hubei"),
    (&["28", "81", "82", "83"], "四川", "Sichuan"),
    (&["29", "91"], "陕西", "Shaanxi"),
    (&["31", "33"], "河北", "Hebei"),
    (&["34", "35"], "山西", "Shanxi"),
    (&["37", "39"], "河南", "Henan"),
    (&["43", "44"], "吉林", "Jilin"),
    (&["45", "46"], "黑龙江", "Heilongjiang"),
    (&["47", "48"], "内蒙古", "Inner Mongolia"),
    (&["53", "54", "63"], "山东", "Shandong"),
    (&["55", "56"], "安徽", "Anhui"),
    (&["57", "58"], "浙江", "Zhejiang"),
    (&["59"], "福建", "Fujian"),
    (&["69", "87", "88"], "云南", "Yunnan"),
    (&["70", "79"], "江西", "Jiangxi"),
    (&["73", "74"], "湖南", "Hunan"),
    (&["77"], "广西", "Guangxi"),
    (&["85"], "贵州", "Guizhou"),
    (&["90", "99"], "新疆", "Xinjiang"),
    (&["93", "94"], "甘肃", "Gansu"),
    (&["95"], "宁夏", "Ningxia"),
    (&["97"], "青海", "Qinghai"),
];

/// Area codes of large cities that are not a province themselves.
const CITIES: &[(&str, &str, &str)] = &[
    ("20", "广州", "Guangzhou"),
    ("24", "沈阳", "Shenyang"),
    ("25", "南京", "Nanjing"),
    ("27", "武汉", "Wuhan"),
    ("28", "成都", "Chengdu"),
    ("29", "西安", "Xi'an"),
    ("311", "石家庄", "Shijiazhuang"),
    ("351", "太原", "Taiyuan"),
    ("371", "郑州", "Zhengzhou"),
    ("411", "大连", "Dalian"),
    ("431", "长春", "Changchun"),
    ("451", "哈尔滨", "Harbin"),
    ("471", "呼和浩特", "Hohhot"),
    ("512", "苏州", "Suzhou"),
    ("531", "济南", "Jinan"),
    ("532", "青岛", "Qingdao"),
    ("551", "合肥", "Hefei"),
    ("571", "杭州", "Hangzhou"),
    ("574", "宁波", "Ningbo"),
    ("591", "福州", "Fuzhou"),
    ("592", "厦门", "Xiamen"),
    ("731", "长沙", "Changsha"),
    ("755", "深圳", "Shenzhen"),
    ("771", "南宁", "Nanning"),
    ("791", "南昌", "Nanchang"),
    ("851", "贵阳", "Guiyang"),
    ("871", "昆明", "Kunming"),
    ("891", "拉萨", "Lhasa"),
    ("898", "海口", "Haikou"),
    ("931", "兰州", "Lanzhou"),
    ("951", "银川", "Yinchuan"),
    ("971", "西宁", "Xining"),
    ("991", "乌鲁木齐", "Ürümqi"),
];

/// Countries that call most; others are shown by their code.
const COUNTRIES: &[(&str, &str, &str)] = &[
    ("AU", "澳大利亚", "Australia"),
    ("CA", "加拿大", "Canada"),
    ("DE", "德国", "Germany"),
    ("FR", "法国", "France"),
    ("GB", "英国", "United Kingdom"),
    ("HK", "中国香港", "Hong Kong, China"),
    ("JP", "日本", "Japan"),
    ("KR", "韩国", "South Korea"),
    ("MO", "中国澳门", "Macao, China"),
    ("MY", "马来西亚", "Malaysia"),
    ("SG", "新加坡", "Singapore"),
    ("TH", "泰国", "Thailand"),
    ("TW", "中国台湾", "Taiwan, China"),
    ("US", "美国", "United States"),
    ("VN", "越南", "Vietnam"),
];

/// The province of a number that begins with an area code, in Chinese and English.
pub(super) fn province(digits: &str) -> Option<(&'static str, &'static str)> {
    if digits.starts_with("89") {
        return match digits.as_bytes().get(2)? {
            b'0' | b'8' | b'9' => Some(("海南", "Hainan")),
            _ => Some(("西藏", "Tibet")),
        };
    }
    let start = digits.get(..2)?;
    PROVINCES
        .iter()
        .find(|(starts, ..)| starts.contains(&start))
        .map(|&(_, zh, en)| (zh, en))
}

/// How many digits the area code has, without the leading zero.
pub(super) fn area_digits(digits: &str) -> usize {
    if digits.starts_with("10") || digits.starts_with('2') {
        2
    } else {
        3
    }
}

/// How many digits the country calling code has.
pub(super) fn country_digits(international: &str) -> usize {
    number::calling_code(international).map_or(0, |(code, _)| code.to_string().len())
}

/// The region of a number, in the given language.
pub(super) fn name(number: &Number, language: Language) -> Option<String> {
    let text = number.canonical().expose();
    let choose = |zh: &'static str, en: &'static str| match language {
        Language::Zh => zh,
        Language::En => en,
    };
    match number.kind() {
        NumberKind::Fixed => {
            let digits = text.strip_prefix("+86")?;
            let (zh, en) = province(digits)?;
            let area = &digits[..area_digits(digits).min(digits.len())];
            let city = CITIES
                .iter()
                .find(|(code, ..)| *code == area)
                .map(|&(_, zh, en)| choose(zh, en));
            Some(match city {
                Some(city) => format!("{} {city}", choose(zh, en)),
                None => choose(zh, en).to_owned(),
            })
        }
        NumberKind::International => {
            let (_, country) = number::calling_code(text)?;
            let country = country?;
            let known = COUNTRIES.iter().find(|(code, ..)| *code == country);
            Some(known.map_or(country, |&(_, zh, en)| choose(zh, en).to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_two_digits_fix_the_province_but_for_89() {
        assert_eq!(province("21"), Some(("上海", "Shanghai")));
        assert_eq!(province("951"), Some(("宁夏", "Ningxia")));
        assert_eq!(province("898"), Some(("海南", "Hainan")));
        assert_eq!(province("890"), Some(("海南", "Hainan")));
        assert_eq!(province("891"), Some(("西藏", "Tibet")));
        assert_eq!(province("897"), Some(("西藏", "Tibet")));
        assert_eq!(province("26"), None);
        assert_eq!(province("36"), None);
    }

    #[test]
    fn every_area_code_has_a_province() {
        let mut areas = 0;
        for area in (10..=29).chain(300..=999) {
            let lines = ["6212345", "62123456", "2212345", "82123456", "7212345"];
            let real = lines.into_iter().any(|line| {
                let number = rlibphonenumber::PHONE_NUMBER_UTIL
                    .parse(format!("+86{area}{line}"), None)
                    .unwrap();
                number.is_valid()
                    && number.get_type() == rlibphonenumber::PhoneNumberType::FixedLine
            });
            if real {
                areas += 1;
                assert!(province(&area.to_string()).is_some(), "{area}");
            }
        }
        assert!(areas > 250, "{areas}");
    }

    #[test]
    fn regions_are_named_in_the_centres_language() {
        let name = |raw: &str, language| super::name(&Number::classify(raw), language);
        assert_eq!(
            name("0755-82661234", Language::Zh).as_deref(),
            Some("广东 深圳")
        );
        assert_eq!(
            name("010-65001234", Language::En).as_deref(),
            Some("Beijing")
        );
        assert_eq!(
            name("+442079460018", Language::En).as_deref(),
            Some("United Kingdom")
        );
        assert_eq!(name("13800138000", Language::Zh), None);
        assert_eq!(name("95588", Language::Zh), None);
    }
}
